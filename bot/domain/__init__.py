"""Values and rules of Inkling, in the standard library only. Everything may import this room; it imports nobody."""
