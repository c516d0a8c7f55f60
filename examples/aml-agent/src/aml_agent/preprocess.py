"""The preprocessing every model family shares."""

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from aml_agent.records import Features

_MOST_CATEGORIES = 30  # a column's rarer values share one indicator


def preprocessor(features: Features) -> ColumnTransformer:
    """Impute and scale numbers and dates; impute and one-hot encode text."""
    # keep_empty_features: a column may be all unknown in one fold and not in another.
    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    texts = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="(unknown)"),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            max_categories=_MOST_CATEGORIES,
            sparse_output=False,
        ),
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, [*features.numeric, *features.dates]),
            ("texts", texts, list(features.categorical)),
        ]
    )


def sources(fitted: ColumnTransformer, features: Features) -> list[str]:
    """Return the column of ``features`` behind each output of ``fitted``, in order."""
    names = [*features.numeric, *features.dates]
    if features.categorical:
        texts: Pipeline = fitted.named_transformers_["texts"]
        # Named by number, an output is "<number>_<category>" whatever the columns are called.
        numbered = [str(i) for i in range(len(features.categorical))]
        outputs = texts[-1].get_feature_names_out(numbered)
        names += [features.categorical[int(output.split("_", 1)[0])] for output in outputs]
    return names
