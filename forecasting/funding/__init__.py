"""From scores to euros: cautious weights and an allocation that adds up to the cent."""
