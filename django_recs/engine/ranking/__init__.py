"""The second stage: the best items of the blend, put into order by what the sum of the voices cannot see.

`facts` says what is known of each item besides its voices, `features` describes a visitor's shortlist in numbers,
`ranker` orders it in the web process, and `fit` and `trees` learn how, in workers only.
"""
