"""The commands of `langbiang` by subject; web/cli.py names them and reads in the one that is called."""
