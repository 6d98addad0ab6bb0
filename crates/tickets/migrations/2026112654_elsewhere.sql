alter table contact_records add column source text not null default 'shoujie';
