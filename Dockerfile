# Another base image with Go may stand in where docker.io is out of reach: --build-arg GO_IMAGE=…
ARG GO_IMAGE=docker.io/library/golang:1.26-bookworm

FROM ${GO_IMAGE} AS build
ARG GOPROXY=https://proxy.golang.org,direct
WORKDIR /src
COPY go.mod go.sum ./
RUN GOPROXY="${GOPROXY}" go mod download
COPY . .
RUN CGO_ENABLED=0 GOPROXY="${GOPROXY}" go build -trimpath -buildvcs=false \
    -gcflags=github.com/...=-l -gcflags=golang.org/x/...=-l -gcflags=google.golang.org/...=-l -gcflags=gopkg.in/...=-l \
    -gcflags=github.com/ispgate/...= -gcflags=github.com/prometheus/...= -gcflags=golang.org/x/crypto/...= -gcflags=golang.org/x/net/...= \
    -ldflags='-s -w -funcalign=16' -o /out/ispgate ./cmd/ispgate
# Key file and database are refused in a directory that others can read. COPY keeps the mode of what is in a directory,
# not that of the directory it is told to copy.
RUN mkdir -p /out/root/var/lib && mkdir -m 0700 /out/root/var/lib/ispgate

# No shell, no libraries: the time zones are in the program, the panel's certificate is checked against these.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ispgate /ispgate
COPY --from=build --chown=65532:65532 /out/root/ /
USER 65532:65532
VOLUME /var/lib/ispgate
EXPOSE 8080
# With --memory, give GOMEMLIMIT nine tenths of it (docs/performance.md). --cpus needs nothing: Go reads that limit itself.
# In OCI format buildah drops this line: build with --format docker.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/ispgate", "check", "--live", "-c", "/etc/ispgate/config.yaml"]
ENTRYPOINT ["/ispgate"]
CMD ["serve", "-c", "/etc/ispgate/config.yaml"]
