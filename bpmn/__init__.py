"""The process models that ship: data, loaded by workflows.definitions.process."""
