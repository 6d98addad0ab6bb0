create table knowledge_synonyms (
  id uuid primary key,
  words text not null,
  state text not null,
  updated_at timestamptz not null,
  version bigint not null
);
create table knowledge_gaps (
  id uuid primary key,
  query_key text not null,
  query text not null,
  matter_code text,
  state text not null,
  open boolean not null,
  asked bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  last_by uuid not null,
  note text not null,
  article_id uuid references articles (id),
  reason text,
  closed_by uuid,
  closed_at timestamptz,
  updated_at timestamptz not null,
  version bigint not null
);
create unique index knowledge_gaps_open on knowledge_gaps (query_key) where open;
create index knowledge_gaps_last_at on knowledge_gaps (last_at, id);
create index knowledge_gaps_asked on knowledge_gaps (asked, id);
create index knowledge_gaps_state on knowledge_gaps (state, last_at, id);
create index knowledge_gaps_article on knowledge_gaps (article_id);
create table knowledge_gap_askings (
  id uuid primary key,
  gap_id uuid not null references knowledge_gaps (id),
  at timestamptz not null,
  by_id uuid not null,
  query text not null,
  source text not null,
  source_id uuid,
  note text not null
);
create index knowledge_gap_askings_gap on knowledge_gap_askings (gap_id, at, id);
