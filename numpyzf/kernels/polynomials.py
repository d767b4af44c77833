"""Winograd's four transforms in one dimension, of a tile in place.

`count` transforms at once: number k of transform t is tile[k·step + t]. A step of LANES goes
along a tile's row, a step of SIDE·LANES down its column. Each number of points has loops of its
own, so that there is no choice within a loop.

Points p and −p share their even and their odd powers: one gets the sum of the two parts, the
other the difference. `even` and `odd` are the parts of ±1, `even2` and `odd2` those of ±2,
`even_half` and `odd_half` those of ±½.
"""
from .cache import njit

# Fixed numbers, for full vector instructions:
LANES = 32                  # maps side by side
SIDE = 8                    # rows of points, and columns, in a tile's memory


@njit(inline="always")
def times_BT(tile, step, count, points):
    """Bᵀ d, n numbers to n."""
    number = tile.dtype.type
    if points == 6:
        for t in range(count):
            # 0, 1, −1, 2, −2 and ∞
            v0, v1, v2, v3, v4, v5 = six_values(
                number, tile[t], tile[step + t], tile[2 * step + t], tile[3 * step + t],
                tile[4 * step + t], tile[5 * step + t])
            tile[t], tile[step + t], tile[2 * step + t] = v0, v1, v2
            tile[3 * step + t], tile[4 * step + t], tile[5 * step + t] = v3, v4, v5
    elif points == 7:
        half = number(0.5)
        for t in range(count):
            # seven inputs
            d0, d1, d2, d3 = tile[t], tile[step + t], tile[2 * step + t], tile[3 * step + t]
            d4, d5, d6 = tile[4 * step + t], tile[5 * step + t], tile[6 * step + t]
            # the others' polynomials are those of six points, times x − ½
            v0, v1, v2, v3, v4, v6 = six_values(
                number, d1 - half * d0, d2 - half * d1, d3 - half * d2, d4 - half * d3,
                d5 - half * d4, d6 - half * d5)
            tile[t], tile[step + t], tile[2 * step + t] = v0, v1, v2
            tile[3 * step + t], tile[4 * step + t], tile[6 * step + t] = v3, v4, v6
            # the point ½
            tile[5 * step + t] = d5 - number(5) * d3 + number(4) * d1
    else:
        for t in range(count):
            # eight inputs
            d0, d1, d2, d3 = tile[t], tile[step + t], tile[2 * step + t], tile[3 * step + t]
            d4, d5, d6 = tile[4 * step + t], tile[5 * step + t], tile[6 * step + t]
            d7 = tile[7 * step + t]
            # pairs ±1, ±2 and ±½
            even, odd = d6 - number(4.25) * d4 + d2, d5 - number(4.25) * d3 + d1
            even2 = d6 - number(1.25) * d4 + number(0.25) * d2
            odd2 = number(2) * d5 - number(2.5) * d3 + number(0.5) * d1
            even_half = d6 - number(5) * d4 + number(4) * d2
            odd_half = number(0.5) * d5 - number(2.5) * d3 + number(2) * d1
            tile[step + t], tile[2 * step + t] = even + odd, even - odd
            tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2
            tile[5 * step + t] = even_half + odd_half
            tile[6 * step + t] = even_half - odd_half
            # the points 0 and ∞
            tile[t] = d6 - d0 + number(5.25) * (d2 - d4)
            tile[7 * step + t] = d7 - d1 + number(5.25) * (d3 - d5)


@njit(inline="always")
def six_values(number, d0, d1, d2, d3, d4, d5):
    """Bᵀ d for six points: the values at 0, 1, −1, 2, −2 and ∞."""
    # pairs ±1 and ±2
    even, odd = d4 - number(4) * d2, d3 - number(4) * d1
    even2, odd2 = d4 - d2, number(2) * (d3 - d1)
    return (number(4) * d0 - number(5) * d2 + d4, even + odd, even - odd, even2 + odd2,
            even2 - odd2, number(4) * d1 - number(5) * d3 + d5)


@njit(inline="always")
def times_B(tile, step, count, points):
    """B v, n numbers to n: the adjoint of times_BT."""
    number = tile.dtype.type
    if points == 6:
        for t in range(count):
            # 0, 1, −1, 2, −2 and ∞
            d0, d1, d2, d3, d4, d5 = six_inputs(
                number, tile[t], tile[step + t], tile[2 * step + t], tile[3 * step + t],
                tile[4 * step + t], tile[5 * step + t])
            tile[t], tile[step + t], tile[2 * step + t] = d0, d1, d2
            tile[3 * step + t], tile[4 * step + t], tile[5 * step + t] = d3, d4, d5
    elif points == 7:
        half = number(0.5)
        for t in range(count):
            # 0, 1, −1, 2, −2 and ∞
            d0, d1, d2, d3, d4, d5 = six_inputs(
                number, tile[t], tile[step + t], tile[2 * step + t], tile[3 * step + t],
                tile[4 * step + t], tile[6 * step + t])
            # six polynomials times x − ½, and the point ½
            v5 = tile[5 * step + t]
            tile[t], tile[step + t] = -half * d0, d0 - half * d1 + number(4) * v5
            tile[2 * step + t], tile[3 * step + t] = d1 - half * d2, d2 - half * d3 - number(5) * v5
            tile[4 * step + t], tile[5 * step + t] = d3 - half * d4, d4 - half * d5 + v5
            tile[6 * step + t] = d5
    else:
        for t in range(count):
            # the values at 0 and ∞, and of the pairs
            v0, v7 = tile[t], tile[7 * step + t]
            v1, v2, v3, v4 = (tile[step + t], tile[2 * step + t], tile[3 * step + t],
                              tile[4 * step + t])
            v5, v6 = tile[5 * step + t], tile[6 * step + t]
            even, odd, even2, odd2 = v1 + v2, v1 - v2, v3 + v4, number(2) * (v3 - v4)
            even_half, odd_half = v5 + v6, number(0.5) * (v5 - v6)
            # inputs 0 to 3
            tile[t] = -v0
            tile[step + t] = odd + number(0.25) * odd2 + number(4) * odd_half - v7
            tile[2 * step + t] = (number(5.25) * v0 + even + number(0.25) * even2
                                  + number(4) * even_half)
            tile[3 * step + t] = (number(5.25) * v7 - number(4.25) * odd - number(1.25) * odd2
                                  - number(5) * odd_half)
            # inputs 4 to 7
            tile[4 * step + t] = -(number(5.25) * v0 + number(4.25) * even + number(1.25) * even2
                                   + number(5) * even_half)
            tile[5 * step + t] = odd + odd2 + odd_half - number(5.25) * v7
            tile[6 * step + t] = v0 + even + even2 + even_half
            tile[7 * step + t] = v7


@njit(inline="always")
def six_inputs(number, v0, v1, v2, v3, v4, v5):
    """B v for six points: the adjoint of six_values."""
    # pairs ±1 and ±2
    even, odd, even2, odd2 = v1 + v2, v1 - v2, v3 + v4, number(2) * (v3 - v4)
    return (number(4) * v0, number(4) * (v5 - odd) - odd2,
            -number(5) * v0 - number(4) * even - even2, odd + odd2 - number(5) * v5,
            v0 + even + even2, v5)


@njit(inline="always")
def times_AT(tile, step, count, points, outputs):
    """Aᵀ v, n numbers to m: number k is Σ pointᵏ · v.

    Written are five numbers with 6 points, six with 7, seven with 8: what is behind the m-th is of
    no use.
    """
    number = tile.dtype.type
    if points == 6:
        for t in range(count):
            # pairs ±1 and ±2
            even, odd = tile[step + t] + tile[2 * step + t], tile[step + t] - tile[2 * step + t]
            even2 = tile[3 * step + t] + tile[4 * step + t]
            odd2 = tile[3 * step + t] - tile[4 * step + t]
            # powers 0 to 4
            tile[t], tile[step + t] = tile[t] + even + even2, odd + number(2) * odd2
            tile[2 * step + t] = even + number(4) * even2
            tile[3 * step + t] = odd + number(8) * odd2
            tile[4 * step + t] = even + number(16) * even2
    elif points == 7:
        for t in range(count):
            # pairs ±1 and ±2, and ½
            even, odd = tile[step + t] + tile[2 * step + t], tile[step + t] - tile[2 * step + t]
            even2 = tile[3 * step + t] + tile[4 * step + t]
            odd2 = tile[3 * step + t] - tile[4 * step + t]
            v5 = tile[5 * step + t]
            # powers 0 to 5
            tile[t] = tile[t] + even + even2 + v5
            tile[step + t] = odd + number(2) * odd2 + number(1 / 2) * v5
            tile[2 * step + t] = even + number(4) * even2 + number(1 / 4) * v5
            tile[3 * step + t] = odd + number(8) * odd2 + number(1 / 8) * v5
            tile[4 * step + t] = even + number(16) * even2 + number(1 / 16) * v5
            tile[5 * step + t] = odd + number(32) * odd2 + number(1 / 32) * v5
    else:
        for t in range(count):
            # pairs ±1, ±2 and ±½
            even, odd = tile[step + t] + tile[2 * step + t], tile[step + t] - tile[2 * step + t]
            even2 = tile[3 * step + t] + tile[4 * step + t]
            odd2 = tile[3 * step + t] - tile[4 * step + t]
            even_half = tile[5 * step + t] + tile[6 * step + t]
            odd_half = tile[5 * step + t] - tile[6 * step + t]
            # powers 0 to 6
            tile[t] = tile[t] + even + even2 + even_half
            tile[step + t] = odd + number(2) * odd2 + number(1 / 2) * odd_half
            tile[2 * step + t] = even + number(4) * even2 + number(1 / 4) * even_half
            tile[3 * step + t] = odd + number(8) * odd2 + number(1 / 8) * odd_half
            tile[4 * step + t] = even + number(16) * even2 + number(1 / 16) * even_half
            tile[5 * step + t] = odd + number(32) * odd2 + number(1 / 32) * odd_half
            tile[6 * step + t] = even + number(64) * even2 + number(1 / 64) * even_half
    # ∞ stands for the highest power
    own, out = tile[(points - 1) * step:], tile[(outputs - 1) * step:]
    for t in range(count):
        out[t] += own[t]


@njit(inline="always")
def times_A(tile, step, count, points, outputs):
    """A d, the adjoint of times_AT: the polynomial with coefficients d, at each point.

    m numbers to n. Read are as many numbers as times_AT writes: those behind the m-th are zero.
    """
    number = tile.dtype.type
    # ∞: the highest coefficient
    own, out = tile[(outputs - 1) * step:], tile[(points - 1) * step:]
    for t in range(count):
        out[t] = own[t]
    # the others; 0 stays as it is
    if points == 6:
        for t in range(count):
            d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
            d3, d4 = tile[3 * step + t], tile[4 * step + t]
            # pairs ±1 and ±2
            even, odd = d0 + d2 + d4, d1 + d3
            even2, odd2 = d0 + number(4) * d2 + number(16) * d4, number(2) * d1 + number(8) * d3
            tile[step + t], tile[2 * step + t] = even + odd, even - odd
            tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2
    elif points == 7:
        for t in range(count):
            d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
            d3, d4, d5 = tile[3 * step + t], tile[4 * step + t], tile[5 * step + t]
            # pairs ±1 and ±2
            even, odd, even2 = d0 + d2 + d4, d1 + d3 + d5, d0 + number(4) * d2 + number(16) * d4
            odd2 = number(2) * d1 + number(8) * d3 + number(32) * d5
            tile[step + t], tile[2 * step + t] = even + odd, even - odd
            tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2
            # ½
            tile[5 * step + t] = (d0 + number(1 / 2) * d1 + number(1 / 4) * d2 + number(1 / 8) * d3
                                  + number(1 / 16) * d4 + number(1 / 32) * d5)
    else:
        for t in range(count):
            d0, d1, d2 = tile[t], tile[step + t], tile[2 * step + t]
            d3, d4, d5, d6 = (tile[3 * step + t], tile[4 * step + t], tile[5 * step + t],
                              tile[6 * step + t])
            # pairs ±1, ±2 and ±½
            even, odd = d0 + d2 + d4 + d6, d1 + d3 + d5
            even2 = d0 + number(4) * d2 + number(16) * d4 + number(64) * d6
            odd2 = number(2) * d1 + number(8) * d3 + number(32) * d5
            even_half = (d0 + number(1 / 4) * d2 + number(1 / 16) * d4 + number(1 / 64) * d6)
            odd_half = number(1 / 2) * d1 + number(1 / 8) * d3 + number(1 / 32) * d5
            tile[step + t], tile[2 * step + t] = even + odd, even - odd
            tile[3 * step + t], tile[4 * step + t] = even2 + odd2, even2 - odd2
            tile[5 * step + t] = even_half + odd_half
            tile[6 * step + t] = even_half - odd_half
