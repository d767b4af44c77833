"""One module per figure or table: compute(…) gives a result of plain arrays, draw(result) a matplotlib figure."""
