"""What can be chosen from menus, toolbar, keys and the command palette: one table a menu."""
