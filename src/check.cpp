#include "resource/steps.hpp"

int main(int argc, char** argv) {
  return resource::run(argc, argv, resource::Step::check);
}
