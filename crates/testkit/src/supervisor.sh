#!/bin/sh
# Keeps one PostgreSQL for one test process. Orders come in on standard input, one a line; each is answered by one line,
# `ready` or `failed`. When standard input ends, because the test process closed it or is no more, the server is stopped
# and the folder removed: that needs no clean-up code in a process that may have been killed.
#
#   start PORT   start the server on this port of 127.0.0.1 and answer when it takes connections
#   kill         kill -9 the server
#
# Arguments: the folder with PostgreSQL's programs, an empty folder, the user to run as (or nothing), then settings.
bin=$1 folder=$2 user=$3
shift 3
trap '' INT TERM HUP
server=
as=
[ -z "$user" ] || as="setpriv --reuid $user --regid $user --init-groups --"

end() {
    [ -n "$server" ] || return 0
    kill "-$1" "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

cd "$folder" || exit 1
# shellcheck disable=SC2086 # $as is several words, or none
if $as "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 \
    --locale-provider=icu --icu-locale=en --no-sync >>"$folder/log/initdb" 2>&1
then echo ready
else echo failed
fi

while read -r order port; do
    case $order in
    start)
        # shellcheck disable=SC2086 # $as is several words, or none
        $as "$bin/postgres" -D "$folder/data" -p "$port" -c "unix_socket_directories=$folder" "$@" \
            >>"$folder/log/server" 2>&1 </dev/null &
        server=$!
        tries=0
        # Asked through the socket in our own folder: on the port somebody else may answer.
        until "$bin/pg_isready" -q -h "$folder" -p "$port"; do
            tries=$((tries + 1))
            if [ "$tries" -gt 600 ] || ! kill -0 "$server" 2>/dev/null; then
                end KILL
                break
            fi
            sleep 0.1
        done
        if [ -n "$server" ]; then echo ready; else echo failed; fi
        ;;
    kill)
        end KILL
        echo ready
        ;;
    esac
done

end QUIT
cd / && rm -rf "$folder"
