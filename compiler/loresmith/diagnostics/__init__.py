"""What the compiler says to its users: findings in their files, and the failures that stop a command."""
