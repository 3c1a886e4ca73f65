-- Once, on the database that leads: the program's role and its database. It is no superuser; how far the standbys are behind it sees by
-- pg_read_all_stats alone.
CREATE ROLE langbiang LOGIN PASSWORD 'change-me-program';
GRANT pg_read_all_stats TO langbiang;
CREATE DATABASE langbiang OWNER langbiang TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
