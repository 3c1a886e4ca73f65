"""Documents about cases: their kinds, what is written into them, and the numbers they are given (NĐ 30/2020/NĐ-CP)."""
