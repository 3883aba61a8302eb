"""Applications of an owner, each behind the gate. The tests run them."""
