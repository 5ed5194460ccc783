"""The papers whose theorems are checked."""

from verify.claims.claim import Paper

KINGMA_2015 = Paper(
    "kingma2015",
    "Kingma, Ba",
    "Adam: a method for stochastic optimization",
    2015,
    "1412.6980",
)
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
MOON_2026 = Paper(
    "moon2026",
    "Moon, Si, Yun",
    "Minor first, major last: a depth-induced implicit bias of sharpness-aware minimization",
    2026,
    "2603.08290",
)
FAN_2026 = Paper(
    "fan2026",
    "Fan, Szepesvari",
    "On the two faces of Adam in separable linear classification",
    2026,
    "2609.33904",
)
GUNASEKAR_2018 = Paper(
    "gunasekar2018",
    "Gunasekar, Lee, Soudry, Srebro",
    "Characterizing implicit bias in terms of optimization geometry",
    2018,
    "1802.08246",
)
QIAN_2019 = Paper(
    "qian2019",
    "Qian, Qian",
    "The implicit bias of AdaGrad on separable data",
    2019,
    "1906.03559",
)
WANG_2021 = Paper(
    "wang2021",
    "Wang, Meng, Chen, Liu",
    "The implicit bias for adaptive optimization algorithms on homogeneous neural networks",
    2021,
    "2012.06244",
)
WANG_2022 = Paper(
    "wang2022",
    "Wang, Meng, Zhang, Sun, Chen, Ma, Liu",
    "Does momentum change the implicit regularization on separable data?",
    2022,
    "2110.03891",
)
RAVI_2024 = Paper(
    "ravi2024",
    "Ravi, Scott, Soudry, Wang",
    "The implicit bias of gradient descent on separable multiclass data",
    2024,
    "2411.01350",
)
LYU_2020 = Paper(
    "lyu2020",
    "Lyu, Li",
    "Gradient descent maximizes the margin of homogeneous neural networks",
    2020,
    "1906.05890",
)
# Printed in 2026, as JMLR 27(104); the key and the year are those of the preprint.
TSILIVIS_2024 = Paper(
    "tsilivis2024",
    "Tsilivis, Gronich, Kempe, Vardi",
    "Flavors of margin: implicit bias of steepest descent in homogeneous neural networks",
    2024,
    "2410.22069",
)
NACSON_2019 = Paper(
    "nacson2019",
    "Nacson, Lee, Gunasekar, Savarese, Srebro, Soudry",
    "Convergence of gradient descent on separable data",
    2019,
    "1803.01905",
)
NACSON_2019B = Paper(
    "nacson2019b",
    "Nacson, Srebro, Soudry",
    "Stochastic gradient descent on separable data: exact convergence with a fixed learning rate",
    2019,
    "1806.01796",
)
ZOU_2023 = Paper(
    "zou2023",
    "Zou, Cao, Li, Gu",
    "Understanding the generalization of Adam in learning neural networks with proper regularization",
    2023,
    "2108.11371",
)
TANG_2025 = Paper(
    "tang2025",
    "Tang, Zhang, Cao, Zou",
    "Understanding the generalization of stochastic gradient Adam in learning neural networks",
    2025,
    "2510.11354",
)
XIE_2024 = Paper(
    "xie2024",
    "Xie, Li",
    "Implicit bias of AdamW: L-infinity norm constrained optimization",
    2024,
    "2404.04454",
)
CATTANEO_2024 = Paper(
    "cattaneo2024",
    "Cattaneo, Klusowski, Shigida",
    "On the implicit bias of Adam",
    2024,
    "2309.00079",
)
CATTANEO_2025 = Paper(
    "cattaneo2025",
    "Cattaneo, Shigida",
    "How memory in optimization algorithms implicitly modifies the loss",
    2025,
    "2502.02132",
)
BARRETT_2021 = Paper(
    "barrett2021",
    "Barrett, Dherin",
    "Implicit gradient regularization",
    2021,
    "2009.11162",
)
JI_2019 = Paper(
    "ji2019",
    "Ji, Telgarsky",
    "The implicit bias of gradient descent on nonseparable data",
    2019,
    "1803.07300",
)
WU_2024 = Paper(
    "wu2024",
    "Wu, Bartlett, Telgarsky, Yu",
    "Large stepsize gradient descent for logistic loss: non-monotonicity of the loss improves optimization efficiency",
    2024,
    "2402.15926",
)
WU_2025 = Paper(
    "wu2025",
    "Wu, Bartlett, Telgarsky, Yu",
    "Benefits of early stopping in gradient descent for overparameterized logistic regression",
    2025,
    "2502.13283",
)
WU_2025B = Paper(
    "wu2025b",
    "Wu, Marion, Bartlett",
    "Large stepsizes accelerate gradient descent for regularized logistic regression",
    2025,
    "2506.02336",
)
ZHANG_2025 = Paper(
    "zhang2025",
    "Zhang, Wu, Lin, Bartlett",
    "Minimax optimal convergence of gradient descent in logistic regression via large and adaptive stepsizes",
    2025,
    "2504.04105",
)
TYURIN_2024 = Paper(
    "tyurin2024",
    "Tyurin",
    "From logistic regression to the perceptron algorithm: exploring gradient descent with large step sizes",
    2024,
    "2412.08424",
)
CRAWSHAW_2026 = Paper(
    "crawshaw2026",
    "Crawshaw, Liu",
    "Tight bounds for logistic regression with large stepsize gradient descent in low dimension",
    2026,
    "2602.12471",
)
KALE_2026 = Paper(
    "kale2026",
    "Kale, Manupriya, Marion, Bach, Raj",
    "Stretched exponential convergence of (stochastic) gradient descent for separable logistic regression",
    2026,
    "2602.18946",
)
JI_2021B = Paper(
    "ji2021b",
    "Ji, Srebro, Telgarsky",
    "Fast margin maximization via dual acceleration",
    2021,
    "2107.00595",
)
KIM_2026 = Paper(
    "kim2026",
    "Kim, Song, Yun",
    "From geometry to generalization: why row normalization can beat Adam and Muon",
    2026,
)
CHEN_2025 = Paper(
    "chen2025",
    "Chen, Li, Liu",
    "Muon optimizes under spectral norm constraints",
    2025,
    "2506.15054",
)
BAEK_2025 = Paper(
    "baek2025",
    "Baek, Song, Yun",
    "Implicit bias of per-sample Adam on separable data: departure from the full-batch regime",
    2025,
    "2510.26303",
)
LI_2026 = Paper(
    "li2026",
    "Li, Tang, Zou",
    "Implicit bias of steepest descent with mini-batch stochastic gradient",
    2026,
    "2602.11557",
)
WANG_2023 = Paper(
    "wang2023",
    "Wang, Hu, Muthukumar, Abernethy",
    "Faster margin maximization rates for generic optimization methods",
    2023,
    "2305.17544",
)
WANG_2024 = Paper(
    "wang2024",
    "Wang, Min, Wu",
    "Achieving margin maximization exponentially fast via progressive norm rescaling",
    2024,
    "2311.14387",
)
CAO_2023 = Paper(
    "cao2023",
    "Cao, Zou, Li, Gu",
    "The implicit bias of batch normalization in linear models and two-layer linear convolutional neural networks",
    2023,
    "2306.11680",
)
PESME_2024 = Paper(
    "pesme2024",
    "Pesme, Dragomir, Flammarion",
    "Implicit bias of mirror flow on separable data",
    2024,
    "2406.12763",
)
SUN_2022 = Paper(
    "sun2022",
    "Sun, Ahn, Thrampoulidis, Azizan",
    "Mirror descent maximizes generalized margin and can be implemented efficiently",
    2022,
    "2205.12808",
)
JI_2020 = Paper(
    "ji2020",
    "Ji, Dudik, Schapire, Telgarsky",
    "Gradient descent follows the regularization path for general losses",
    2020,
    "2006.11226",
)
OURS = Paper("ours", "Conjecture of this program", "Laws found here", 2026)
GRONICH_2026 = Paper(
    "gronich2026",
    "Gronich, Vardi",
    "The implicit bias of Adam and Muon on smooth homogeneous neural networks",
    2026,
    "2602.16340",
)
BERNSTEIN_2024 = Paper(
    "bernstein2024",
    "Bernstein, Newhouse",
    "Old optimizer, new norm: an anthology",
    2024,
    "2409.20325",
)
