"""Process: BPMN models, running instances and their tokens, the inbox. No other package imports SpiffWorkflow."""
