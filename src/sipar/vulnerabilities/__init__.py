"""CVE, KEV, EPSS and SSVC, the products that organisations use, and what matches."""
