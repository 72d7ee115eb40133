"""What the prose of 01_welcome says in numbers, and what must be true for it."""

MINUTES = {
    "01_welcome": 15,
    "02_the_dials": 40,
    "03_grid_search": 40,
    "04_random_search": 35,
    "05_bayesian_optimisation": 40,
    "06_stopping_early": 35,
    "07_choosing_a_winner": 25,
    "08_saving": 50,
    "09_serving": 45,
    "10_recap": 30,
}
FACTS = {
    "7,043 customers by 19 features": "customers.shape == (7043, 19 + 1)",
    "More than four years with the company": "one['tenure'].item() > 4 * 12",
    "five services": "(one.iloc[0] == 'Yes')['PhoneService':'StreamingMovies'].sum() + 1 == 5",
    "a contract from month to month": "one['Contract'].item() == 'Month-to-month'",
    "1 means left. More than": "one['Churn'].item() == 1",
    "left: 26.5 %": "round(100 * customers['Churn'].mean(), 1) == 26.5",
    "is right three times out of four": "abs((customers['Churn'] == 0).mean() - 3 / 4) < 0.02",
    "2,000 customers are enough for a first bake; 500 of them": (
        "(len(X_train) + len(X_valid), len(X_valid)) == (2000, 500)"
    ),
    "those who left sit further to the right": "groups['left'].mean() > groups['stayed'].mean() + 0.1",
    "0.5 is a coin, 1.0 is perfect": "roc_auc_score([0, 1], [1, 1]) == 0.5 and roc_auc_score([0, 1], [0, 1]) == 1.0",
    "Not bad for a first try": "roc_auc_score(y_valid, probability) > 0.75",
}

# Each lesson takes as long as its own first cell says; the file is JSON, which may break the line.
_SAYS = r"__import__('re').search(r'(?s)Time\*\*:.{1,16}?\b%d\b', open('%s.ipynb', encoding='utf-8').read())"
FACTS |= {f"]({lesson}.ipynb) | {minutes} |": _SAYS % (minutes, lesson) for lesson, minutes in MINUTES.items()}
