"""LoRA fine-tuning: one readable loop, loss on supervised positions only, resumable to the bit on the CPU."""
