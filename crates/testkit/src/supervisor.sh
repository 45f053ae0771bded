#!/bin/sh
# Keeps one server for one test process. Orders come in on standard input, one a line; each is answered by one line,
# `ready` or `failed`. When standard input ends, because the test process closed it or is no more, the server is stopped
# and the folder removed: that needs no clean-up code in a process that may have been killed.
#
#   start PORT   start the server on this port of 127.0.0.1 and answer when it takes connections
#   kill         kill -9 the server
#   stop         hold it up (SIGSTOP): it keeps its port and says nothing
#   resume       let it go on (SIGCONT)
#
# This part follows another one, which takes the arguments it needs, leaves the rest, and says what server it is:
#
#   prepare      once, before the first start
#   $folder      an empty folder, to be removed in the end
#   launch PORT  become the server (exec); is given the rest of the arguments too
#   answers PORT whether it takes connections
#   $last        the signal that ends it
trap '' INT TERM HUP
server=

end() {
    [ -n "$server" ] || return 0
    kill "-$1" "$server" 2>/dev/null
    # One that is held up hears nothing else.
    kill -CONT "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

# The signal is sent at once and obeyed a moment later, by each thread for itself: until then the server may still answer.
held_up() {
    patience=0
    while grep -qsv '^State:[[:space:]]*T' <<STATES
$(cat /proc/"$server"/task/*/status 2>/dev/null | grep '^State:')
STATES
    do
        patience=$((patience + 1))
        [ "$patience" -le 200 ] || return 1
        sleep 0.05
    done
}

cd "$folder" || exit 1
if prepare; then echo ready; else echo failed; fi

while read -r order port; do
    case $order in
    start)
        launch "$port" "$@" >>"$folder/log/server" 2>&1 </dev/null &
        server=$!
        tries=0
        until answers "$port"; do
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
    stop | resume)
        signal=STOP
        [ "$order" = stop ] || signal=CONT
        if [ -n "$server" ] && kill "-$signal" "$server" && { [ "$order" = resume ] || held_up; }; then echo ready; else echo failed; fi
        ;;
    esac
done

end "$last"
cd / && rm -rf "$folder"
