alter table articles add column purpose text;
create unique index articles_purpose on articles (purpose) where purpose is not null;
