module remora.dev/bench

go 1.25
