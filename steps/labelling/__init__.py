"""Which answered rows are worth a label, and what becomes of those that get one."""
