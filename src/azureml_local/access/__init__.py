"""Who may do what: roles, assignments, and the actions that a request asks for."""
