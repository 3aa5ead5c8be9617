# The image of this resource type: docker build -t rootfs-git-resource .
ARG BASE=debian:trixie-slim
FROM ${BASE} AS build
WORKDIR /src
COPY scripts scripts
RUN scripts/install-packages
COPY . .
RUN scripts/build program unit_tests
# Whatever fails here fails the build. The tests with real servers are in the next stage.
RUN ctest --preset release --tests-regex '^(unit\.|floors)'
RUN cmake --install build/release --prefix /image --strip && scripts/complete-image /image

# docker build --target test .
FROM build AS test
RUN ctest --preset release --tests-regex '^acceptance'

FROM scratch
LABEL org.opencontainers.image.title="rootfs-git-resource" \
      org.opencontainers.image.description="Concourse resource type that carries images through git" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
