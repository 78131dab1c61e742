#include "tools/data/matrix3.h"

#include <algorithm>
#include <cmath>

namespace attune::tools {

namespace {

// Jacobi converges quadratically: 3x3 matrices need four or five sweeps, and a sweep more changes nothing.
constexpr int sweeps = 10;

// Rotates axes p and q so that matrix[p][q] becomes 0, and the eigenvectors along with them.
void rotate(Matrix3& matrix, Matrix3& vectors, std::size_t p, std::size_t q) {
  if (matrix[p][q] == 0) return;
  const double theta = (matrix[q][q] - matrix[p][p]) / (2 * matrix[p][q]);
  const double tangent = std::copysign(1.0, theta) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double cosine = 1 / std::sqrt(tangent * tangent + 1), sine = tangent * cosine;
  for (std::size_t k = 0; k < 3; ++k) {
    const double a = matrix[k][p], b = matrix[k][q];
    matrix[k][p] = cosine * a - sine * b;
    matrix[k][q] = sine * a + cosine * b;
  }
  for (std::size_t k = 0; k < 3; ++k) {
    const double a = matrix[p][k], b = matrix[q][k];
    matrix[p][k] = cosine * a - sine * b;
    matrix[q][k] = sine * a + cosine * b;
    const double u = vectors[k][p], v = vectors[k][q];
    vectors[k][p] = cosine * u - sine * v;
    vectors[k][q] = sine * u + cosine * v;
  }
}

Matrix3 recompose(const Matrix3& vectors, const std::array<double, 3>& values) {
  Matrix3 matrix{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) matrix[i][j] += vectors[i][k] * values[k] * vectors[j][k];
    }
  }
  return matrix;
}

}  // namespace

Matrix3 product(const Matrix3& a, const Matrix3& b) {
  Matrix3 result{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) result[i][j] += a[i][k] * b[k][j];
    }
  }
  return result;
}

Eigen3 symmetric_eigen(Matrix3 matrix) {
  Matrix3 vectors{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    rotate(matrix, vectors, 0, 1);
    rotate(matrix, vectors, 0, 2);
    rotate(matrix, vectors, 1, 2);
  }
  return {{matrix[0][0], matrix[1][1], matrix[2][2]}, vectors};
}

SquareRoots square_roots(const Matrix3& matrix, double floor) {
  Eigen3 eigen = symmetric_eigen(matrix);
  std::array<double, 3> inverse{};
  for (std::size_t i = 0; i < 3; ++i) {
    eigen.values[i] = std::sqrt(std::max(eigen.values[i], floor));
    inverse[i] = 1 / eigen.values[i];
  }
  return {recompose(eigen.vectors, eigen.values), recompose(eigen.vectors, inverse)};
}

}  // namespace attune::tools
