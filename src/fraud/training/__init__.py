"""Model families, the windows they are trained and tested on, and the step that trains one."""
