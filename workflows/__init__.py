"""The process: BPMN models, their instances and tokens, the inbox. The only package that imports SpiffWorkflow."""
