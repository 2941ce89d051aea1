// The functions that are declared without a body are linked by name.
