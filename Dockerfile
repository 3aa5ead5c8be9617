# The image of this resource type: docker build -t rootfs-git-resource .
FROM debian:trixie-slim AS build
WORKDIR /src
COPY scripts scripts
RUN scripts/install-packages
COPY . .
RUN scripts/build check in out \
 && cmake --install build/release --prefix /image --strip \
 && scripts/add-libraries /image

# docker build --target test .
FROM build AS test
RUN ./test

FROM scratch
COPY --from=build /image /
