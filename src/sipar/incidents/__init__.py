"""Cases: what happened, who has it, who may see what of it, and what is done about it."""
