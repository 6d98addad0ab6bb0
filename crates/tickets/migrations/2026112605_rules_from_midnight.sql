update rules set effective_from = '2022-08-31T16:00:00+00:00'
where effective_from = '2022-09-01T00:00:00+00:00' and recorded_by is null;
