# syntax=docker/dockerfile:1

FROM golang:1.27 AS build
WORKDIR /src
RUN --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    --mount=type=cache,target=/go/pkg/mod \
    go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/drydock ./cmd/drydock
RUN mkdir -p /out/data

FROM gcr.io/distroless/static-debian13:nonroot
COPY --from=build /out/drydock /drydock
COPY --from=build --chown=65532:65532 /out/data /data
ENV DRYDOCK_LISTEN=:8080 DRYDOCK_DATA=/data
EXPOSE 8080
VOLUME /data
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/drydock", "health"]
ENTRYPOINT ["/drydock"]
