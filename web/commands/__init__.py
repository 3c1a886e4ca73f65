"""The commands of `langbiang` by subject; web/cli.py names them and imports the one that is called."""
