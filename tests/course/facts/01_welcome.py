"""What the prose of 01_welcome says in numbers, and what must be true for it."""

FACTS = {
    "7,043 customers of a telephone company by 19 **features**": "customers.shape == (7043, 19 + 1)",
    "More than four years with the company": "one['tenure'].item() > 4 * 12",
    "five services": "(one.iloc[0] == 'Yes')['PhoneService':'StreamingMovies'].sum() + 1 == 5",
    "But there were hints: a contract from month to month, internet over fibre, and bills paid by electronic check": (
        "one[hints].iloc[0].tolist() == ['Month-to-month', 'Fiber optic', 'Electronic check'] and all("
        "customers.loc[customers[hint] == one[hint].item(), 'Churn'].mean() > customers['Churn'].mean() + 0.1"
        " for hint in hints)"
    ),
    "Six in ten": "abs(alike['Churn'].mean() - 0.6) < 0.02 and len(alike) > 1000",
    "still wrong for four in ten of them": "abs((alike['Churn'] == 0).mean() - 0.4) < 0.02",
    "The company is fictional": (
        "'fictional telephone company'"
        " in (__import__('coffee_shop.churn').churn.DATA / 'README.md').read_text(encoding='utf-8')"
    ),
    "1 means left. More than": "one['Churn'].item() == 1",
    "left: 26.5 %": "round(100 * customers['Churn'].mean(), 1) == 26.5",
    "is right three times out of four": "abs((customers['Churn'] == 0).mean() - 3 / 4) < 0.02",
    "2,000 customers are enough for a first bake; 500 of them": (
        "(len(X_train) + len(X_valid), len(X_valid)) == (2000, 500)"
    ),
    "those who left sit further to the right": "groups['left'].mean() > groups['stayed'].mean() + 0.1",
    "0.5 is a coin, 1.0 is perfect": "roc_auc_score([0, 1], [1, 1]) == 0.5 and roc_auc_score([0, 1], [0, 1]) == 1.0",
    "Not bad for a first try": "roc_auc_score(y_valid, probability) > 0.75",
    "and no better than the baseline": (
        "roc_auc_score(y_valid, probability) < roc_auc_score(y_valid, baseline.predict_proba(X_valid)[:, 1]) + 0.002"
    ),
}
