"""The command line, a module a command; each turns words of a shell into calls and prints what came back."""
