"""The papers whose theorems are checked."""

from verify.claims import Paper

SOUDRY_2018 = Paper(
    "soudry2018",
    "Soudry, Hoffer, Nacson, Gunasekar, Srebro",
    "The implicit bias of gradient descent on separable data",
    2018,
    "1710.10345",
)
JI_2021 = Paper(
    "ji2021",
    "Ji, Telgarsky",
    "Characterizing the implicit bias via a primal-dual analysis",
    2021,
    "1906.04540",
)
ZHANG_2024 = Paper(
    "zhang2024",
    "Zhang, Zou, Cao",
    "The implicit bias of Adam on separable data",
    2024,
    "2406.10650",
)
FAN_2025 = Paper(
    "fan2025",
    "Fan, Schmidt, Thrampoulidis",
    "Implicit bias of spectral descent and Muon on multiclass separable data",
    2025,
    "2502.04664",
)
