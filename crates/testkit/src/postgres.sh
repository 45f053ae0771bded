# shellcheck shell=sh disable=SC2034 # `last` is read by supervisor.sh, which follows
# A PostgreSQL. Arguments: an empty folder, the folder with PostgreSQL's programs, the user to run as (or nothing), then
# settings.
folder=$1 bin=$2 user=$3
shift 3
last=QUIT
as=
[ -z "$user" ] || as="setpriv --reuid $user --regid $user --init-groups --"

# shellcheck disable=SC2086 # $as is several words, or none
prepare() {
    $as "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
        --locale-provider=icu --icu-locale=en --no-sync >>"$folder/log/initdb" 2>&1
}

# shellcheck disable=SC2086
launch() {
    port=$1
    shift
    exec $as "$bin/postgres" -D "$folder/data" -p "$port" -c "unix_socket_directories=$folder" "$@"
}

# Asked through the socket in our own folder: on the port somebody else may answer.
answers() {
    "$bin/pg_isready" -q -h "$folder" -p "$1"
}
