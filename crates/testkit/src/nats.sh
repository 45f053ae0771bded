# shellcheck shell=sh disable=SC2034 # `last` is read by supervisor.sh, which follows
# A nats-server without accounts. Arguments: an empty folder, the program.
folder=$1 program=$2
shift 2
last=KILL

prepare() { :; }

launch() {
    # One that was killed has left its file here.
    rm -f "$folder"/*.ports
    exec "$program" -a 127.0.0.1 -p "$1" --ports_file_dir "$folder"
}

# It writes this file once it listens: on the port somebody else may answer.
answers() {
    [ -s "$folder/$(basename "$program")_$server.ports" ]
}
