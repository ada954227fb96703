"""Golden values for lib/numerics/{correlation,logistic-regression}.ts.

pip install scikit-learn==1.7.2 scipy==1.17.1 numpy==2.4.6
python test/golden/downstream-measures.py > test/golden/downstream-measures.json
"""

import json
import platform

import numpy
import scipy
import scipy.stats
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_squared_error

random = numpy.random.default_rng(20241)


def correlations(x, y):
    return {
        "x": list(map(float, x)),
        "y": list(map(float, y)),
        "pearson": scipy.stats.pearsonr(x, y).statistic,
        "spearman": scipy.stats.spearmanr(x, y).statistic,
        "meanSquaredError": mean_squared_error(y, x),
    }


smooth = random.normal(size=40)
tied = numpy.round(random.uniform(1, 5, size=60), 1)
cases = [
    correlations(smooth, smooth + random.normal(size=40)),
    # Scores in tenths, and predictions that are often equal: ties on both sides.
    correlations(numpy.round(tied + random.normal(size=60), 0), tied),
    correlations([1, 1, 1, 2, 2, 3], [3, 1, 1, 1, 2, 2]),
    correlations([1, 2, 3], [-10, -20, -30]),
]

# Correlated features with means far from 0 and scales of their own, as sentence vectors have.
rows, columns = 60, 5
features = random.normal(size=(rows, columns)) @ random.normal(size=(columns, columns)) * [0.1, 1, 3, 0.5, 1] + [0, 2, -1, 5, 0]
features = features.astype(numpy.float32)
labels = (features[:, 1] - features[:, 3] + 3 + random.normal(size=rows) > 0).astype(int)
regressions = []
for c in [1 / 16, 1, 256]:
    for chosen in [range(rows), range(0, rows, 2)]:
        chosen = list(chosen)
        model = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-12, max_iter=10000)
        model.fit(features[chosen].astype(float), labels[chosen])
        regressions.append(
            {
                "rows": chosen,
                "inverseRegularization": c,
                "weights": model.coef_[0].tolist(),
                "intercept": model.intercept_[0],
            }
        )

print(
    json.dumps(
        {
            "tools": {
                "python": platform.python_version(),
                "numpy": numpy.__version__,
                "scipy": scipy.__version__,
                "scikit-learn": sklearn.__version__,
            },
            "command": "python test/golden/downstream-measures.py > test/golden/downstream-measures.json",
            "correlations": cases,
            "features": features.astype(float).tolist(),
            "labels": labels.tolist(),
            "regressions": regressions,
        }
    )
)
