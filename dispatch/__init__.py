"""Plans, orders and notification: from the submitted incident to the department that acknowledged."""
