"""One port for batch work: the same kernels on local processes or on Apache Spark, with the same bits out."""
