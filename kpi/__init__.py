"""What the numbers mean: KPI definitions, facts, and their incremental recomputation."""
