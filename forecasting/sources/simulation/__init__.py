"""A simulated labour market whose truth is known: the referee of the method, and the demo region's source.

It imports nothing from the method that it judges. Mechanisms, one module each: `population` (cohorts and
education), `economy` (sectors, crises, reforms, staffing), `skills` (what jobs ask and people hold), `market`
(monthly stocks and flows), `vacancies` (matching, adapting). What a model may see: `observation`,
`advertising`, `description`, `offer`; what it may not: `truth` and `referee`.
"""
