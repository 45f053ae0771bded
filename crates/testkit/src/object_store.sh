# shellcheck shell=sh disable=SC2034 # `last` is read by supervisor.sh, which follows
# An object store that speaks S3. Arguments: an empty folder, the program, seven free ports for what stands behind it.
folder=$1 program=$2
shift 2
last=KILL

prepare() {
    mkdir "$folder/data"
    # It signs with this key: a test's, and no secret.
    printf '%s' '{"identities":[{"name":"test","credentials":[{"accessKey":"test","secretKey":"of-a-test"}],
        "actions":["Admin","Read","Write","List","Tagging"]}]}' >"$folder/s3.json"
}

launch() {
    exec "$program" -logtostderr server -dir="$folder/data" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
        -master.port="$2" -master.port.grpc="$3" -volume.port="$4" -volume.port.grpc="$5" -filer -filer.port="$6" \
        -filer.port.grpc="$7" -s3 -s3.port="$1" -s3.port.grpc="$8" -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$folder/s3.json" \
        -master.volumeSizeLimitMB=64 -volume.max=20 -master.telemetry=false
}

# Whether it answers at all: without a signature it refuses.
answers() {
    curl --silent --output /dev/null --max-time 2 "http://127.0.0.1:$port/"
}
