"""The worlds that tests take place in: small ones by hand, the demo's cast, and generated ones.

| world | what it holds | for tests of |
|---|---|---|
| `rules`, `parts` | one way to make a rule; a person, a licensee, a fact, a model | every world below |
| `language` | a release, written as JSON, and one question | the rule language (`tests/spec`) |
| `generated`, `moving` | releases and facts that Hypothesis draws; spans of several releases | agreements, narrowing |
| `random_releases` | releases drawn from a seed, quickly | the readers held to each other |
| `ground` | two orders, five rules, three licensees, two models | decisions and the API |
| `register` | licensees and releases written straight into the tables | screening and what follows |
| `cast` | the demo: its people, licensees and starter policy | promises, journeys |
| `officers` | who acts on a screen, a letter, a drafted rule | the dashboard |
| `stage`, `stage_previews` | the cast with work in every state | pictures and browser tests |
"""
