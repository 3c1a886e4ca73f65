"""Measures the program on invented data: the steps of a case, people at work in a large installation, installations of several sizes."""
