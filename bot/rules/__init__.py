"""What makes a print matter: the `when` grammar, compiled once, and explained clause by clause. Pure."""
