"""From BPMN text to executable specifications: what may stand in a model, expressions, forms, variables."""
